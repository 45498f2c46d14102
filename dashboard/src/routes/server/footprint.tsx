// The process with its resource use, stores, listeners and services.
import { identity } from "../../api/identity";
import type { Status } from "../../api/types";
import { bytes, count, percent } from "../../format/numbers";
import { duration, exact } from "../../format/time";
import { Badge, type Tone } from "../../parts/badge";
import { Panel } from "../../parts/panel";
import { Table } from "../../parts/table";
import classes from "./server.module.css";

export function Footprint({ status }: { status: Status }) {
  const { process } = status;
  const busy = process.cpu_ms != null && status.uptime_ms > 0 ? process.cpu_ms / status.uptime_ms : null;
  const facts: [string, string][] = [
    ["Name", identity.environment === null ? identity.name : `${identity.name} (${identity.environment})`],
    ["Version", status.version],
    ["Started", `${exact(status.started_at)}, ${duration(status.uptime_ms)} ago`],
    ["Data directory", status.data_dir],
    ["Process ID", String(status.pid)],
    ["Resident memory", bytes(process.resident_bytes)],
    ["CPU, average since start", `${percent(busy)} of one core`],
    ["Threads", count(process.threads)],
    ["Open files", `${count(process.open_files)} of ${count(process.open_files_max)}`],
  ];
  return (
    <div className={classes.columns}>
      <div className={classes.column}>
        <Panel title="Process">
          <dl className={classes.facts}>
            {facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </Panel>
        <Panel title="Listeners" flush>
          <Listeners listeners={status.listeners} />
        </Panel>
      </div>
      <div className={classes.column}>
        <Panel title="Stores" flush>
          <Stores stores={status.stores} />
        </Panel>
        <Panel title="Services" flush>
          <Services services={status.services} />
        </Panel>
      </div>
    </div>
  );
}

function Stores({ stores }: Pick<Status, "stores">) {
  return (
    <Table label="Stores">
      <thead>
        <tr>
          <th scope="col">Store</th>
          <th scope="col">Backend</th>
          <th scope="col" data-number>
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {stores.map((store) => (
          <tr key={store.name}>
            <th scope="row">
              {store.name} {!store.reachable && <Badge tone="fail">unreachable</Badge>}
            </th>
            <td className={classes.place}>
              {store.backend}
              {store.location != null && <code>{store.location}</code>}
            </td>
            <td data-number>{bytes(store.size_bytes)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Listeners({ listeners }: Pick<Status, "listeners">) {
  return (
    <Table label="Listeners">
      <thead>
        <tr>
          <th scope="col">Listener</th>
          <th scope="col">URL</th>
          <th scope="col">TLS</th>
        </tr>
      </thead>
      <tbody>
        {listeners.map((listener) => (
          <tr key={listener.name}>
            <th scope="row">{listener.name}</th>
            <td className={classes.place}>
              <code>{listener.url}</code>
            </td>
            <td>{listener.tls ? "yes" : "no"}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

const TONES: Record<Status["services"][number]["state"], Tone> = { running: "ok", waiting: "warn", stopped: "plain" };

function Services({ services }: Pick<Status, "services">) {
  return (
    <Table label="Services">
      <thead>
        <tr>
          <th scope="col">Service</th>
          <th scope="col">State</th>
          <th scope="col" data-number>
            Restarts
          </th>
        </tr>
      </thead>
      <tbody>
        {services.map((service) => (
          <tr key={service.name}>
            <th scope="row">{service.name}</th>
            <td className={classes.place}>
              <Badge tone={TONES[service.state]}>{service.state}</Badge>
              {service.last_error != null && <span>{service.last_error}</span>}
            </td>
            <td data-number>{count(service.restarts)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
