// SPDX-License-Identifier: Apache-2.0
export function policy(html: string, own?: string[]): string;
