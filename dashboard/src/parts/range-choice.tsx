// The time range of charts, kept in the URL, so that a shared link shows the same range.
import { useUrlWord } from "../shell/url-state";
import { Choice } from "./choice";

const RANGES = ["5m", "15m", "1h"] as const;
const MINUTES: Record<(typeof RANGES)[number], number> = { "5m": 5, "15m": 15, "1h": 60 };

/** The range in milliseconds and the control that changes it. */
export function useRange() {
  const [range, setRange] = useUrlWord("range", RANGES, "15m");
  const control = (
    <Choice
      label="Range of the charts"
      value={range}
      options={RANGES.map((value) => ({ value, label: value.replace("m", " min").replace("h", " h") }))}
      onChange={setRange}
    />
  );
  return { span: MINUTES[range] * 60_000, control };
}
