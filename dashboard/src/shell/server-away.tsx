// Shown instead of the dashboard if the server does not respond when the page loads.
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
