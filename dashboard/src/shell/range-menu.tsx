// The menu that selects the shared time range.
import { Menu } from "@mantine/core";
import { clock, exact } from "../format/time";
import { ClockIcon } from "../parts/icons";
import classes from "./header.module.css";
import { RANGES, useRange, type Range, type RangeName } from "./range";

export function RangeMenu() {
  const [range, setRange] = useRange();
  return (
      <Menu position="bottom-end" width={200} shadow="md">
        <Menu.Target>
          <button type="button" className={classes.range}>
            <ClockIcon />
            <span>{labelOf(range)}</span>
            <span className="visually-hidden">, time range</span>
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Time range</Menu.Label>
          <Menu.RadioGroup value={range.kind === "last" ? range.name : ""} onChange={(name) => setRange(name as RangeName)}>
            {RANGES.map(({ name, words }) => (
              <Menu.RadioItem key={name} value={name}>
                {words[0]!.toUpperCase() + words.slice(1)}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
          <Menu.Label>{range.kind === "fixed" ? `${exact(range.from)} to ${exact(range.to)}` : "Drag over a chart to zoom in"}</Menu.Label>
        </Menu.Dropdown>
      </Menu>
  );
}

function labelOf(range: Range): string {
  return range.kind === "last" ? range.label : `${clock(range.from).slice(0, 5)} – ${clock(range.to).slice(0, 5)}`;
}
