// SPDX-License-Identifier: Apache-2.0
export interface Schema {
  $defs: Record<string, unknown>;
}
export function problems(document: unknown, whole: Schema): string[];
