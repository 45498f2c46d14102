// While nobody uses the cache: the exact lines that change that, with this server's addresses.
import { useState } from "react";
import { server } from "../../api/client";
import { useStatus } from "../../api/live";
import { Choice } from "../../parts/choice";
import { Lines } from "../../parts/copy";
import { Panel } from "../../parts/panel";
import classes from "./cache.module.css";
import { CLIENTS, linesFor, type Client } from "./client-lines";

export function FirstSteps() {
  const [client, setClient] = useState<Client>("redis-cli");
  const { data: status } = useStatus();
  const redis = status?.listeners.find((listener) => listener.name === "redis")?.url ?? null;
  return (
    <Panel
      title="Nobody uses the cache yet"
      aside={<Choice label="Client" value={client} options={CLIENTS} onChange={setClient} />}
    >
      <p className={classes.lead}>
        Any Redis client works unmodified. Run this, and the figures below move within five seconds.
      </p>
      <Lines text={linesFor(client, redis, server)} what={`the lines for ${client}`} />
    </Panel>
  );
}
