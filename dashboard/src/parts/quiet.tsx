// A loading indicator. It appears with a delay, so that fast responses do not flicker.
import { Loader } from "@mantine/core";
import classes from "./quiet.module.css";

export function Quiet({ whole = false }: { whole?: boolean }) {
  return (
    <div className={whole ? classes.whole : classes.quiet} role="status">
      <Loader size="sm" type="dots" />
      <span className="visually-hidden">Loading</span>
    </div>
  );
}
