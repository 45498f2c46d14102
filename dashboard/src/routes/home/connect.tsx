// The lines that connect an application, with this server's addresses in them.
import type { Status } from "../../api/types";
import { server } from "../../api/client";
import { Lines } from "../../parts/copy";
import { Panel } from "../../parts/panel";
import classes from "./home.module.css";

export function Connect({ status }: { status: Status }) {
  const url = (name: string) => status.listeners.find((listener) => listener.name === name)?.url;
  const redis = url("redis");
  const socket = url("redis-socket");
  return (
    <Panel title="Connect an application">
      <div className={classes.connect}>
        {redis !== undefined && (
          <div>
            <h3>Cache, for any Redis client</h3>
            <Lines text={`REDIS_URL=${redis}`} what="the Redis address" />
          </div>
        )}
        {socket !== undefined && (
          <div>
            <h3>The same on this machine, without the network</h3>
            <Lines text={`REDIS_URL=${socket}`} what="the address of the Redis socket" />
          </div>
        )}
        <div>
          <h3>HTTP, with a token from Access</h3>
          <Lines text={`curl -H "Authorization: Bearer $OUTRIGGER_TOKEN" \\\n  ${server}/api/v1/status`} what="the curl line" />
        </div>
      </div>
    </Panel>
  );
}
