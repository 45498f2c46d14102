// The page is there and the server is not: nothing is known, so nothing is shown but that.
import { Mark } from "../parts/mark";
import { TroubleNote } from "../parts/trouble";
import classes from "./server-away.module.css";

export function ServerAway({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <main className={classes.away}>
      <Mark size={40} />
      <h1>Outrigger</h1>
      <TroubleNote error={error} onRetry={onRetry} />
    </main>
  );
}
