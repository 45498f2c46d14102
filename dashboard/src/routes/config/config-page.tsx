// Every configuration key: what it is now, where that came from, what it means.
import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, api } from "../../api/client";
import { counted } from "../../format/numbers";
import { Choice } from "../../parts/choice";
import { SearchIcon } from "../../parts/icons";
import { PageHead } from "../../parts/page-head";
import { Quiet } from "../../parts/quiet";
import { TroubleNote } from "../../parts/trouble";
import { useUrlText, useUrlWord } from "../../shell/url-state";
import classes from "./config.module.css";
import { inSections, matching, SHOWN, type Shown } from "./config-filter";
import { ConfigSection } from "./config-section";

const LABELS: Record<Shown, string> = { all: "All", changed: "Changed" };

export function ConfigPage() {
  const { data, error, refetch } = useQuery({
    queryKey: ["config"],
    queryFn: () => answer(api.GET("/api/v1/config")),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [search, setSearch] = useUrlText("q");
  const [show, setShow] = useUrlWord<Shown>("show", SHOWN, "all");
  const keys = data?.items;
  const found = useMemo(() => (keys === undefined ? [] : matching(keys, search, show)), [keys, search, show]);
  if (keys === undefined) {
    return (
      <>
        <PageHead title="Configuration" guide="configuration" />
        {error ? <TroubleNote error={error} onRetry={() => void refetch()} /> : <Quiet />}
      </>
    );
  }
  const changed = keys.filter((key) => key.source !== "default").length;
  return (
    <>
      <PageHead
        title="Configuration" guide="configuration"
        lead={`${counted(keys.length, "key", "keys")}, ${changed} set by somebody. Read at the start: a change needs a restart.`}
      />
      <div className={classes.tools}>
        <TextInput
          type="search"
          aria-label="Search the configuration"
          placeholder="Search keys, values and documentation"
          leftSection={<SearchIcon />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          className={classes.search}
          data-page-search
        />
        <Choice
          label="Which keys to show"
          value={show}
          options={SHOWN.map((value) => ({ value, label: value === "changed" ? `${LABELS[value]} (${changed})` : LABELS[value] }))}
          onChange={setShow}
        />
        <span role="status" className={classes.found}>
          {found.length === keys.length ? "" : counted(found.length, "key", "keys")}
        </span>
      </div>
      {found.length === 0 && (
        <p className={classes.none}>
          {show === "changed" && search === ""
            ? "Nothing is set: every key has its default. Set one in outrigger.toml, in the environment or with --set."
            : "No key matches."}
        </p>
      )}
      {inSections(found).map(([section, members]) => (
        <ConfigSection key={section} section={section} keys={members} />
      ))}
    </>
  );
}
