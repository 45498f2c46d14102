// Configuration values as they stand in `outrigger.toml`.

/** The value in TOML, or null where TOML cannot say it: there is no null, and a secret is not known. */
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

/** The line below its `[section]`: `memory = "64MiB"`; commented out where there is no value to write. */
export function tomlLine(key: string, value: unknown): string {
  const name = key.slice(key.indexOf(".") + 1);
  const text = tomlValue(value);
  return text === null ? `# ${name} =` : `${name} = ${text}`;
}

/** `cache` of `cache.memory`. */
export function sectionOf(key: string): string {
  return key.split(".")[0] ?? key;
}

/** The value as a reader sees it in a table: text without quotes, an absent one in words. */
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
