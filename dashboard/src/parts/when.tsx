// A moment: relative for the eye, exact for the pointer and for machines.
import { exact, relative } from "../format/time";
import { useNow } from "../shell/live";

interface WhenProps {
  at: string | null | undefined;
  never?: string;
  /** Whether it lies ahead, such as an expiry. */
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
