// A moment: relative for the eye, exact for the pointer and for machines.
import { exact, relative } from "../format/time";
import { useNow } from "../shell/live";

export function When({ at, never = "never" }: { at: string | null | undefined; never?: string }) {
  const now = useNow();
  if (!at) {
    return <>{never}</>;
  }
  return (
    <time dateTime={at} title={exact(at)}>
      {relative(at, now)}
    </time>
  );
}
