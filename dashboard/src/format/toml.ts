// Configuration values in the syntax of `outrigger.toml`.

/** The value in TOML; null for null, which TOML does not have, and for secrets, whose values are unknown. */
export function tomlValue(value: unknown): string | null {
  switch (typeof value) {
    case "string":
      return value === "[secret]" ? null : JSON.stringify(value);
    case "number":
    case "boolean":
      return String(value);
    case "object": {
      if (value === null) {
        return null;
      }
      if (Array.isArray(value)) {
        return list(value.map(tomlValue), "[", "]");
      }
      const members = Object.entries(value).map(([name, member]) => {
        const text = tomlValue(member);
        return text === null ? null : `${name} = ${text}`;
      });
      return list(members, "{ ", " }");
    }
    default:
      return null;
  }
}

/** The line below the `[section]`, such as `memory = "64MiB"`; commented out if there is no value. */
export function tomlLine(key: string, value: unknown): string {
  const name = key.slice(key.indexOf(".") + 1);
  const text = tomlValue(value);
  return text === null ? `# ${name} =` : `${name} = ${text}`;
}

/** `cache` of `cache.memory`. */
export function sectionOf(key: string): string {
  return key.split(".")[0] ?? key;
}

/** The value as the page shows it: text without quotes, a missing value as “not set”. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) {
    return "not set";
  }
  if (typeof value === "string") {
    return value === "" ? "empty" : value;
  }
  return tomlValue(value) ?? JSON.stringify(value);
}

function list(parts: (string | null)[], open: string, close: string): string | null {
  return parts.some((part) => part === null) ? null : `${open}${parts.join(", ")}${close}`;
}
