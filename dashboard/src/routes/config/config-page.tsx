// The page Configuration: every key with its value, source and documentation. `?key=cache.memory` scrolls to a key and marks it.
import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";
import { useSearch } from "wouter";
import { configQuery } from "../../api/config";
import { counted } from "../../format/numbers";
import { Choice } from "../../parts/choice";
import { SearchIcon } from "../../parts/icons";
import { PageHead } from "../../parts/page-head";
import { Quiet } from "../../parts/quiet";
import { moveTo, SectionIndex, type IndexedSection } from "../../parts/section-index";
import { TroubleNote } from "../../parts/trouble";
import { useUrlChange, wordOf } from "../../shell/url-state";
import classes from "./config.module.css";
import { inSections, matching, SHOWN, type Shown } from "./config-filter";
import { anchorOfKey, ConfigSection } from "./config-section";

const LABELS: Record<Shown, string> = { all: "All", changed: "Changed" };

/** With at most this many keys, the details of all keys are open. */
const FEW = 4;

export function ConfigPage() {
  const { data, error, refetch } = useQuery(configQuery);
  const query = new URLSearchParams(useSearch());
  const search = query.get("q") ?? "";
  const show = wordOf<Shown>(query.get("show"), SHOWN, "all");
  const marked = query.get("key");
  const change = useUrlChange();
  const keys = data?.items;
  const found = useMemo(() => (keys === undefined ? [] : matching(keys, search, show)), [keys, search, show]);
  const sections = useMemo(() => inSections(found), [found]);
  const index = useMemo(
    () => sections.map(([name]) => ({ anchor: anchorOfSection(name), title: name, href: `/configuration?section=${name}` })),
    [sections],
  );
  const isThere = found.some(({ key }) => key === marked);
  const section = query.get("section");
  useEffect(() => {
    if (marked !== null && isThere) {
      moveTo(anchorOfKey(marked));
    }
  }, [marked, isThere]);
  const loaded = keys !== undefined;
  useEffect(() => {
    if (loaded && section !== null) {
      moveTo(anchorOfSection(section));
    }
  }, [loaded, section]);
  const go = useCallback(
    ({ anchor, title }: IndexedSection) => {
      change({ section: title, key: "" });
      moveTo(anchor);
    },
    [change],
  );

  if (keys === undefined) {
    return (
      <>
        <PageHead title="Configuration" guide="configuration" />
        {error ? <TroubleNote error={error} onRetry={() => void refetch()} /> : <Quiet />}
      </>
    );
  }
  const changed = keys.filter((key) => key.source !== "default").length;
  const filter = (changes: Record<string, string>, options?: { replace: boolean }) =>
    change({ key: "", section: "", ...changes }, options);
  return (
    <>
      <PageHead
        title="Configuration"
        guide="configuration"
        lead={`${changed} of ${counted(keys.length, "key", "keys")} changed. Changes take effect after a restart.`}
      />
      <div className={classes.tools}>
        <TextInput
          type="search"
          aria-label="Search the configuration"
          placeholder="Search keys, values and documentation"
          leftSection={<SearchIcon />}
          value={search}
          onChange={(event) => filter({ q: event.currentTarget.value }, { replace: true })}
          className={classes.search}
          data-page-search
        />
        <Choice
          label="Which keys to show"
          value={show}
          options={SHOWN.map((value) => ({ value, label: value === "changed" ? `${LABELS[value]} (${changed})` : LABELS[value] }))}
          onChange={(value) => filter({ show: value === "all" ? "" : value })}
        />
        <span role="status" className={classes.found}>
          {found.length === keys.length ? "" : counted(found.length, "key", "keys")}
        </span>
      </div>
      {marked !== null && !isThere && (
        <p className={classes.none} role="status">
          There is no key <code>{marked}</code> in this version.
        </p>
      )}
      {found.length === 0 ? (
        <p className={classes.none}>
          {show === "changed" && search === ""
            ? "All keys have their default values. Set a key in outrigger.toml, in the environment or with --set."
            : "No key matches."}
        </p>
      ) : (
        <SectionIndex label="Sections" sections={index} onGo={go}>
          {sections.map(([name, members]) => (
            <ConfigSection
              key={name}
              anchor={anchorOfSection(name)}
              section={name}
              keys={members}
              marked={marked}
              open={found.length <= FEW}
            />
          ))}
        </SectionIndex>
      )}
    </>
  );
}

function anchorOfSection(name: string): string {
  return `section-${name}`;
}
