// SPDX-License-Identifier: Apache-2.0
export function typesFrom(schema: unknown): string;
