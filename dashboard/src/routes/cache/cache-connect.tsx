// Examples that connect a Redis client or an HTTP client to the cache.
import { server } from "../../api/client";
import { useStatus } from "../../api/live";
import { Code } from "../../parts/code";
import { KeyLink } from "../../parts/key-link";
import classes from "./cache.module.css";
import { samplesFor } from "./client-lines";

/** The examples, one client at a time. */
export function CacheLines() {
  const { data: status } = useStatus();
  const url = (name: string) => status?.listeners.find((listener) => listener.name === name)?.url ?? null;
  const socket = url("redis-socket");
  return (
    <div className={classes.connect}>
      <Code label="Write and read a value" samples={samplesFor(url("redis"), server)} />
      {url("redis") === null && <p className={classes.lead}>The Redis listener is off. To use Redis clients, set <KeyLink name="redis.listen" />.</p>}
      {socket !== null && (
        <>
          <p className={classes.lead}>Programs on the same machine can use the Unix socket, which is faster:</p>
          <Code label="Connect to the Unix socket" samples={[{ language: "env", label: "Environment", code: `REDIS_URL=${socket}` }]} />
        </>
      )}
    </div>
  );
}

export function CacheConnect() {
  return (
    <section className={classes.connect}>
      <h3>Cache</h3>
      <p className={classes.lead}>
        Redis clients work for strings and keys, but not for transactions (<code>MULTI</code>, <code>EXEC</code>), lists, hashes, sets, scripts and
        publish/subscribe. Most frameworks read <code>REDIS_URL</code>. HTTP needs a token with the scope <code>cache:write</code>.
      </p>
      <CacheLines />
    </section>
  );
}
