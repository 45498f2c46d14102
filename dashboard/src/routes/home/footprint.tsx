// What the process costs and what it is made of: memory, stores, listeners, services.
import type { Status } from "../../api/types";
import { bytes, count, percent } from "../../format/numbers";
import { Badge, type Tone } from "../../parts/badge";
import { Panel } from "../../parts/panel";
import { Table } from "../../parts/table";
import classes from "./home.module.css";

export function Footprint({ status }: { status: Status }) {
  const { process } = status;
  const busy = process.cpu_ms != null && status.uptime_ms > 0 ? process.cpu_ms / status.uptime_ms : null;
  const facts: [string, string][] = [
    ["Resident memory", bytes(process.resident_bytes)],
    ["Processor since the start", `${percent(busy)} of a core`],
    ["Threads", count(process.threads)],
    ["Open files", `${count(process.open_files)} of ${count(process.open_files_max)}`],
    ["Data directory", status.data_dir],
  ];
  return (
    <>
      <Panel title="Footprint">
        <dl className={classes.facts}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Panel>
      <Panel title="Stores" flush>
        <Stores stores={status.stores} />
      </Panel>
      <Panel title="Services" flush>
        <Services services={status.services} />
      </Panel>
    </>
  );
}

function Stores({ stores }: Pick<Status, "stores">) {
  return (
    <Table label="Stores">
      <thead>
        <tr>
          <th scope="col">Store</th>
          <th scope="col">Kept in</th>
          <th scope="col" data-number>
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {stores.map((store) => (
          <tr key={store.name}>
            <th scope="row">
              {store.name} {!store.reachable && <Badge tone="fail">no answer</Badge>}
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
