import { describe, expect, it } from "vitest";
import { adviceFor } from "./advice";

const full = { memory_bytes: 99, memory_max_bytes: 100, eviction: "all" as const };
const quiet = { writes: 100, evictions: 0, refusals: 0, hitRatio: 0.9 };

describe("the advice about the cache", () => {
  it("is null while no entry is evicted and no write refused", () => {
    expect(adviceFor(full, quiet)).toBeNull();
    expect(adviceFor({ ...full, memory_bytes: 50 }, { ...quiet, evictions: 46 })).toBeNull();
  });

  it("shows how much a full cache evicts, and the hit ratio", () => {
    const advice = adviceFor(full, { writes: 200, evictions: 92, refusals: 0, hitRatio: 0.73 });
    expect(advice).toMatchObject({ tone: "warn" });
    expect(advice!.text).toContain("for every 100 entries written it evicts 46");
    expect(advice!.text).toContain("73%");
    expect(advice!.text).toContain("`[cache] memory`");
  });

  it("mentions refused writes first, and the eviction policy that causes them", () => {
    const advice = adviceFor({ ...full, eviction: "volatile" }, { ...quiet, evictions: 90, refusals: 19 });
    expect(advice).toMatchObject({ tone: "fail" });
    expect(advice!.text).toContain("because it may evict nothing");
    expect(advice!.text).toContain('Raise `[cache] memory`, or set `[cache] eviction = "all"`.');
    expect(advice!.text).toContain("applications get errors");
  });
});
