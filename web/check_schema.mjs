// SPDX-License-Identifier: Apache-2.0
// Holds a document against a JSON schema of the few keywords that report.schema.json uses.

/** What is wrong, each with its place; empty where nothing is. */
export function problems(document, whole) {
  const found = [];
  check(document, whole, whole, "", found);
  return found;
}

const kindOf = (value) =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;

const fits = (value, type) => kindOf(value) === type || (type === "number" && kindOf(value) === "integer");

function check(value, schema, whole, place, found) {
  if (found.length > 20) return;
  if (schema.$ref) return check(value, whole.$defs[schema.$ref.split("/").pop()], whole, place, found);
  if (schema.anyOf) {
    const one = schema.anyOf.some((some) => problemsOf(value, some, whole).length === 0);
    if (one) return;
    // What it is most likely meant to be has the better message.
    return check(value, schema.anyOf.find((some) => some.type !== "null") ?? schema.anyOf[0], whole, place, found);
  }
  if (schema.enum) {
    if (!schema.enum.includes(value)) found.push(`${place}: ${JSON.stringify(value)}, expected one of ${schema.enum.join(", ")}`);
    return;
  }
  const types = [schema.type].flat();
  if (!types.some((type) => fits(value, type))) {
    found.push(`${place}: ${kindOf(value)}, expected ${types.join(" or ")}`);
    return;
  }
  if (Array.isArray(value)) {
    if (schema.minItems !== undefined && value.length < schema.minItems) found.push(`${place}: ${value.length} items, expected at least ${schema.minItems}`);
    if (schema.maxItems !== undefined && value.length > schema.maxItems) found.push(`${place}: ${value.length} items, expected at most ${schema.maxItems}`);
    value.forEach((item, i) => check(item, schema.items, whole, `${place}/${i}`, found));
  } else if (kindOf(value) === "object") {
    const known = schema.properties ?? {};
    for (const name of schema.required ?? []) if (!(name in value)) found.push(`${place}: lacks ${name}`);
    for (const [name, item] of Object.entries(value)) {
      if (known[name]) check(item, known[name], whole, `${place}/${name}`, found);
      else if (schema.additionalProperties === false) found.push(`${place}: ${name} is not in the schema`);
      else if (schema.additionalProperties) check(item, schema.additionalProperties, whole, `${place}/${name}`, found);
    }
  }
}

function problemsOf(value, schema, whole) {
  const found = [];
  check(value, schema, whole, "", found);
  return found;
}
