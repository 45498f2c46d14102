// A browser as its owner would name it. Every browser claims to be several others, so the order of the questions matters.

const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\/(\d+)/, "Edge"],
  [/\bOPR\/(\d+)/, "Opera"],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+)[^ ]* .*Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** `Safari 19 on iPhone`; what it sent itself when that is no browser we know. */
export function browser(userAgent: string | null | undefined): string {
  if (!userAgent) {
    return "unknown";
  }
  for (const [pattern, name] of BROWSERS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) {
      const system = SYSTEMS.find(([known]) => known.test(userAgent))?.[1];
      return system === undefined ? `${name} ${version}` : `${name} ${version} on ${system}`;
    }
  }
  return userAgent;
}
