// A table with every feature: two pages, filters, selection, a menu and a drawer.
import { useState } from "react";
import { Link, useParams } from "wouter";
import { Badge, type Tone } from "../../parts/badge";
import { Confirm, type Question } from "../../parts/confirm";
import { DataTable } from "../../parts/data-table/data-table";
import type { Column, Filter } from "../../parts/data-table/columns";
import { Drawer } from "../../parts/drawer";
import { Empty } from "../../parts/empty";
import { Facts, Related, Section } from "../../parts/facts";
import { Panel } from "../../parts/panel";
import { Choice } from "../../parts/choice";
import { RowMenu } from "../../parts/row-menu";
import { useToasts } from "../../parts/toasts";
import { When } from "../../parts/when";
import { useUrlWord } from "../../shell/url-state";
import { BOATS, type Boat } from "./boats";
import { SAMPLES } from "./code-samples";

const TONES: Record<Boat["state"], Tone> = { afloat: "ok", "in repair": "warn", sunk: "fail" };

const COLUMNS: Column<Boat>[] = [
  { id: "name", header: "Name", value: ({ name }) => name },
  { id: "state", header: "State", value: ({ state }) => state, cell: ({ state }) => <Badge tone={TONES[state]}>{state}</Badge>, card: "aside" },
  { id: "harbour", header: "Harbor", value: ({ harbour }) => harbour },
  { id: "length", header: "Length, m", value: ({ length }) => length, align: "number" },
  { id: "crew", header: "Crew", value: ({ crew }) => crew, align: "number" },
  { id: "built", header: "Built", value: ({ built }) => built, cell: ({ built }) => <When at={built} />, nowrap: true },
];

const FILTERS: Filter<Boat>[] = [
  { id: "state", label: "State", of: ({ state }) => state },
  { id: "harbour", label: "Harbor", of: ({ harbour }) => harbour, free: { placeholder: "Hilo" } },
];

const SCENES = ["full", "empty", "loading", "failed"] as const;

export function BoatTable() {
  const { show } = useToasts();
  const [scene, setScene] = useUrlWord("scene", SCENES, "full");
  const [boats, setBoats] = useState(BOATS);
  const [loaded, setLoaded] = useState(28);
  const [question, setQuestion] = useState<Question | null>(null);
  const { id } = useParams<{ id?: string }>();
  const opened = boats.find((boat) => boat.id === id);

  function sink(chosen: Boat[], clear?: () => void) {
    const names = chosen.map(({ name }) => name).join(", ");
    setQuestion({
      title: chosen.length === 1 ? `Sink ${names}?` : `Sink ${chosen.length} boats?`,
      text: "The crew has to swim. You cannot raise a sunk boat.",
      verb: chosen.length === 1 ? `Sink ${names}` : `Sink ${chosen.length} boats`,
      act: async () => {
        setBoats(boats.filter((boat) => !chosen.includes(boat)));
        clear?.();
      },
      done: { title: chosen.length === 1 ? `${names} is sunk.` : `${chosen.length} boats are sunk.` },
    });
  }

  function repair(boat: Boat) {
    const put = (state: Boat["state"]) => setBoats((before) => before.map((other) => (other.id === boat.id ? { ...other, state } : other)));
    put("in repair");
    show({ title: `${boat.name} is in repair.`, undo: () => put(boat.state) });
  }

  const actions = (boat: Boat) => [
    { label: "Repair", disabled: boat.state === "in repair", run: () => repair(boat) },
    { label: "Sink…", danger: true, run: () => sink([boat]) },
  ];
  const list = {
    items: scene === "full" ? boats.slice(0, loaded) : scene === "empty" ? [] : undefined,
    error: scene === "failed" ? new Error("no response") : null,
    hasNextPage: scene === "full" && loaded < boats.length,
    isFetchingNextPage: false,
    fetchNextPage: () => setLoaded(boats.length),
    refetch: () => setScene("full"),
  };
  return (
    <Panel
      title="Table"
      flush
      aside={<Choice label="State of the table" value={scene} options={SCENES.map((value) => ({ value, label: value }))} onChange={setScene} />}
    >
      <DataTable
        label="Boats"
        noun={["boat", "boats"]}
        columns={COLUMNS}
        list={list}
        total={boats.length}
        keyOf={(boat) => boat.id}
        nameOf={(boat) => boat.name}
        filters={FILTERS}
        search="Name, harbor…"
        href={(boat) => `/developers/parts/boats/${boat.id}`}
        actions={actions}
        bulk={(chosen, clear) => [{ label: "Sink…", danger: true, run: () => sink(chosen, clear) }]}
        csv="boats"
        empty={
          <Empty title="No boats yet" lines={{ label: "Build a boat", samples: SAMPLES }}>
            Boats appear here when they are launched.
          </Empty>
        }
      />
      <Drawer
        opened={opened !== undefined}
        list="/developers/parts"
        title={opened?.name}
        actions={opened && <RowMenu name={opened.name} actions={actions(opened)} />}
      >
        {opened && (
          <>
            <Facts
              facts={[
                { name: "State", value: <Badge tone={TONES[opened.state]}>{opened.state}</Badge> },
                { name: "Harbor", value: opened.harbour },
                { name: "Built", value: <When at={opened.built} /> },
              ]}
            />
            <Section title="Sister ships">
              <Related label="Sister ships">
                {boats
                  .filter(({ id: other, harbour }) => other !== opened.id && harbour === opened.harbour)
                  .slice(0, 3)
                  .map((sister) => (
                    <li key={sister.id}>
                      <Link href={`/developers/parts/boats/${sister.id}`} replace>
                        {sister.name}
                      </Link>
                    </li>
                  ))}
              </Related>
            </Section>
          </>
        )}
      </Drawer>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  );
}
