// Grey placeholders for text that is loading. They appear with a delay, so that fast responses do not flicker.
import classes from "./skeleton.module.css";

/** One line; `width` is any CSS width. */
export function SkeletonLine({ width = "100%", height = "0.8em" }: { width?: string; height?: string }) {
  return <span className={classes.line} style={{ width, height }} aria-hidden="true" />;
}

const WIDTHS = ["92%", "78%", "86%", "64%", "72%"];

/** A paragraph, announced as loading. */
export function Skeleton({ lines = 3, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div className={classes.block} role="status">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: lines }, (_, index) => (
        <SkeletonLine key={index} width={WIDTHS[index % WIDTHS.length]} />
      ))}
    </div>
  );
}
