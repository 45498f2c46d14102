// Formats durations, relative times and exact times.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const exactly = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const dayOfMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const calendarDay = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** `4 s`, `12 min`, `3 h 5 min`, `2 d 4 h`: the two largest units. */
export function duration(milliseconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(milliseconds / DAY), "d"],
    [Math.floor((milliseconds % DAY) / HOUR), "h"],
    [Math.floor((milliseconds % HOUR) / MINUTE), "min"],
    [Math.floor((milliseconds % MINUTE) / SECOND), "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) {
    return "0 s";
  }
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** `just now`, `12 min ago`, `in 3 hours`. The last seconds before a time that is `due`, such as an expiry, are `in a moment`. */
export function relative(at: string, now: number, due = false): string {
  const difference = new Date(at).getTime() - now;
  if (Number.isNaN(difference)) {
    return at;
  }
  const size = Math.abs(difference);
  if (size < 45 * SECOND) {
    // A past event can appear to be in the future: `now` is a few seconds old, and the server's clock may be ahead of the browser's.
    return due && difference > SECOND ? "in a moment" : "just now";
  }
  const [unit, name]: [number, string] = size < HOUR ? [MINUTE, "min"] : size < DAY ? [HOUR, "hour"] : [DAY, "day"];
  const amount = Math.max(1, Math.round(size / unit));
  const words = `${amount} ${name}${amount === 1 || name === "min" ? "" : "s"}`;
  return difference < 0 ? `${words} ago` : `in ${words}`;
}

/** `21 Nov 2026, 22:15:04` in the reader's time zone. */
export function exact(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : exactly.format(date);
}

/** `21 Nov 2026` in the reader's time zone. */
export function day(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : calendarDay.format(date);
}

/** `22:15:04` in the reader's time zone. */
export function clock(at: number): string {
  return clockTime.format(at);
}

/** `21 Nov` in the reader's time zone. */
export function shortDay(at: number): string {
  return dayOfMonth.format(at);
}
