// SPDX-License-Identifier: Apache-2.0
// node types_from_schema.mjs: makes src/types.ts from report.schema.json. The test schema.test.ts fails where
// the two differ.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const comment = (text, margin = "") => (text ? `${margin}/** ${text[0].toUpperCase()}${text.slice(1)}${/[.:]$/.test(text) ? "" : "."} */\n` : "");

function typeOf(schema, margin) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, margin)).join(" | ");
  const types = [schema.type].flat();
  if (types.length > 1) return types.map((type) => typeOf({ type }, margin)).join(" | ");
  switch (types[0]) {
    case "integer": return "number";
    case "array": {
      const item = typeOf(schema.items, margin);
      if (schema.minItems === 2 && schema.maxItems === 2) return `[${item}, ${item}]`;
      return /[ |]/.test(item) && !item.startsWith("[") && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
    }
    case "object": return schema.properties ? members(schema, margin) : `Record<string, ${typeOf(schema.additionalProperties, margin)}>`;
    default: return types[0];
  }
}

function members(schema, margin) {
  const inner = `${margin}  `;
  const required = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties).map(
    ([name, one]) => `${comment(one.description, inner)}${inner}${name}${required.has(name) ? "" : "?"}: ${typeOf(one, inner)};\n`,
  );
  return `{\n${lines.join("")}${margin}}`;
}

export function typesFrom(schema) {
  const all = Object.entries(schema.$defs).map(([name, one]) => {
    const head = comment(one.description);
    const body = one.type === "object" && one.properties ? `export interface ${name} ${members(one, "")}\n` : `export type ${name} = ${typeOf(one, "")};\n`;
    return head + body;
  });
  return `// SPDX-License-Identifier: Apache-2.0\n// Made from report.schema.json by types_from_schema.mjs.\n\n${all.join("\n")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = (name) => new URL(name, import.meta.url);
  const schema = JSON.parse(readFileSync(file("report.schema.json"), "utf8"));
  writeFileSync(file("src/types.ts"), typesFrom(schema));
}
