// The lines that connect a Redis client or an HTTP client to the cache.
import { useState } from "react";
import { server } from "../../api/client";
import { useStatus } from "../../api/live";
import { Choice } from "../../parts/choice";
import { Lines } from "../../parts/copy";
import classes from "./cache.module.css";
import { CLIENTS, linesFor, type Client } from "./client-lines";

/** The lines for one client at a time. */
export function CacheLines() {
  const [client, setClient] = useState<Client>("redis-cli");
  const { data: status } = useStatus();
  const url = (name: string) => status?.listeners.find((listener) => listener.name === name)?.url ?? null;
  const socket = url("redis-socket");
  return (
    <div className={classes.connect}>
      <Choice label="Client" value={client} options={CLIENTS} onChange={setClient} />
      <Lines text={linesFor(client, url("redis"), server)} what={`the lines for ${client}`} />
      {client !== "http" && socket !== null && (
        <>
          <p className={classes.lead}>On the same machine, the Unix socket saves the network:</p>
          <Lines text={`REDIS_URL=${socket}`} what="the URL of the Redis socket" />
        </>
      )}
      {client === "http" && <p className={classes.lead}>The HTTP API needs a token with the scope cache:write.</p>}
    </div>
  );
}

export function CacheConnect() {
  return (
    <section className={classes.connect}>
      <h3>Cache</h3>
      <p className={classes.lead}>Every Redis client works without changes. Most frameworks read REDIS_URL.</p>
      <CacheLines />
    </section>
  );
}
