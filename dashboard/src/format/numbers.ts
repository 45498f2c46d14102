// Numbers with their units. Sizes use powers of 1024, with IEC units.

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Shown for a missing value. */
export const NONE = "–";

type Figure = number | null | undefined;

function missing(value: Figure): value is null | undefined {
  return value === null || value === undefined || !Number.isFinite(value);
}

/** `1,204` */
export function count(value: Figure): string {
  return missing(value) ? NONE : whole.format(value);
}

/** Three significant digits below a thousand, whole numbers above. */
export function significant(value: Figure): string {
  if (missing(value)) {
    return NONE;
  }
  const size = Math.abs(value);
  if (size === 0) {
    return "0";
  }
  if (size >= 100) {
    return whole.format(value);
  }
  if (size < 0.01) {
    return "< 0.01";
  }
  const digits = size >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** `12.4/s` */
export function rate(value: Figure): string {
  return missing(value) ? NONE : `${significant(value)}/s`;
}

/** `1.5 MiB` */
export function bytes(value: Figure): string {
  if (missing(value)) {
    return NONE;
  }
  let amount = value;
  let unit = 0;
  while (Math.abs(amount) >= 1024 && unit < SIZES.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(amount) >= 100 ? 0 : 1;
  return `${Number(amount.toFixed(digits))} ${SIZES[unit]}`;
}

/** `94.2%` for a ratio between 0 and 1. Never rounds to 100% or 0%, because those mean “all” and “none”. */
export function percent(ratio: Figure): string {
  if (missing(ratio)) {
    return NONE;
  }
  const value = ratio * 100;
  if (value > 99.9 && value < 100) {
    return "> 99.9%";
  }
  if (value > 0 && value < 0.1) {
    return "< 0.1%";
  }
  return `${Number(value.toFixed(1))}%`;
}

/** `0.42 ms`, `12 ms`, `1.2 s` */
export function latency(milliseconds: Figure): string {
  if (missing(milliseconds)) {
    return NONE;
  }
  return milliseconds >= 1000 ? `${significant(milliseconds / 1000)} s` : `${significant(milliseconds)} ms`;
}

/** `1 entry`, `1,204 entries` */
export function counted(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
