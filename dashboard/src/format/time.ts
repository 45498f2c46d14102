// Times as people read them: how long, how long ago, and exactly when.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const exactly = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
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

/** `just now`, `12 min ago`, `in 3 h` */
export function relative(at: string, now: number): string {
  const difference = new Date(at).getTime() - now;
  if (Number.isNaN(difference)) {
    return at;
  }
  const size = Math.abs(difference);
  if (size < 45 * SECOND) {
    return difference > SECOND ? "in a moment" : "just now";
  }
  const unit = size < HOUR ? [MINUTE, "min"] : size < DAY ? [HOUR, "h"] : [DAY, "d"];
  const amount = Math.max(1, Math.round(size / (unit[0] as number)));
  return difference < 0 ? `${amount} ${unit[1]} ago` : `in ${amount} ${unit[1]}`;
}

/** `21 Nov 2026, 22:15:04` in the reader's time zone. */
export function exact(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : exactly.format(date);
}

/** `22:15:04` in the reader's time zone. */
export function clock(at: number): string {
  return clockTime.format(at);
}
