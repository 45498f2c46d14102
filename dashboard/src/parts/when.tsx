// A relative time, with the exact time as a tooltip and in `dateTime`.
import { exact, relative } from "../format/time";
import { useNow } from "../shell/live";

interface WhenProps {
  at: string | null | undefined;
  never?: string;
  /** Whether the time is in the future, such as an expiry. */
  due?: boolean;
}

export function When({ at, never = "never", due = false }: WhenProps) {
  const now = useNow();
  if (!at) {
    return <>{never}</>;
  }
  return (
    <time dateTime={at} title={exact(at)}>
      {relative(at, now, due)}
    </time>
  );
}
