// Readable names of browsers. Most user agents also contain the names of other browsers, so the order of the checks matters.

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

/** Returns a name such as `Safari 19 on iPhone`, or the user agent itself if the browser is unknown. */
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
