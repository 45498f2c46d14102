// The command palette: finds pages, actions, objects and guides by name. Loaded when it opens for the first time.
import { Modal } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useLocation } from "wouter";
import { useMe } from "../api/session";
import { useVisiblePages } from "../pages";
import { SearchIcon } from "../parts/icons";
import { search, type Command } from "./commands";
import classes from "./palette.module.css";

const LIMIT = 40;

interface PaletteProps {
  opened: boolean;
  onClose: () => void;
  /** The shell's own actions. */
  actions: Command[];
}

export function Palette({ opened, onClose, actions }: PaletteProps) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const [, navigate] = useLocation();
  const commands = useCommands(actions, opened);
  const found = useMemo(() => search(commands, text, LIMIT), [commands, text]);
  const list = useId();
  const active = found[Math.min(chosen, found.length - 1)];

  useEffect(() => {
    if (opened) {
      setText("");
      setChosen(0);
    }
  }, [opened]);

  function choose(command: Command) {
    onClose();
    if (command.to !== undefined) {
      navigate(command.to);
    }
    command.run?.();
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setChosen((before) => (Math.min(before, found.length - 1) + step + found.length) % found.length);
    } else if (event.key === "Enter" && active !== undefined) {
      event.preventDefault();
      choose(active);
    }
  }

  return (
    <Modal.Root opened={opened} onClose={onClose} size={600} yOffset="12vh" transitionProps={{ duration: 0 }}>
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Title className="visually-hidden">Command palette</Modal.Title>
        <div className={classes.field}>
          <SearchIcon />
          <input
            data-autofocus
            role="combobox"
            aria-label="Search pages, actions, configuration keys and guides"
            aria-expanded
            aria-controls={list}
            aria-activedescendant={active === undefined ? undefined : `${list}-${active.id}`}
            aria-autocomplete="list"
            placeholder="Search pages, actions, configuration keys, guides"
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setChosen(0);
            }}
            onKeyDown={onKeyDown}
          />
          <kbd>Esc</kbd>
        </div>
        <Results id={list} found={found} active={active} onChoose={choose} />
        <p className={classes.count} role="status">
          {found.length === 0 ? `Nothing matches “${text}”.` : <span className="visually-hidden">{found.length} results</span>}
        </p>
      </Modal.Content>
    </Modal.Root>
  );
}

interface ResultsProps {
  id: string;
  found: Command[];
  active: Command | undefined;
  onChoose: (command: Command) => void;
}

function Results({ id, found, active, onChoose }: ResultsProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <div id={id} ref={place} role="listbox" aria-label="Results" className={classes.results}>
      {found.map((command) => (
        <div
          key={command.id}
          id={`${id}-${command.id}`}
          role="option"
          aria-selected={command === active}
          className={classes.result}
          onClick={() => onChoose(command)}
        >
          <span className={classes.title}>{command.title}</span>
          {command.hint !== undefined && <span className={classes.hint}>{command.hint}</span>}
          <span className={classes.group}>{command.group}</span>
        </div>
      ))}
    </div>
  );
}

/** All commands: the pages, the shell's actions, and the commands of each page and the guides. */
function useCommands(actions: Command[], enabled: boolean): Command[] {
  const me = useMe();
  const queries = useQueryClient();
  const pages = useVisiblePages();
  const { data: more } = useQuery({
    queryKey: ["commands", me.account?.id ?? null],
    enabled,
    staleTime: 30_000,
    queryFn: async () => {
      const sources = [...pages.map((page) => page.commands), async () => (await import("./guide-commands")).guideCommands];
      const lists = await Promise.allSettled(sources.map(async (source) => (source === undefined ? [] : (await source())({ me, queries }))));
      return lists.flatMap((list) => (list.status === "fulfilled" ? list.value : []));
    },
  });
  return useMemo(() => {
    const ofPages = pages.map(
      ({ path, name, group, keywords, letter }): Command => ({
        id: `page-${path}`, title: name, group: "Pages", keywords: `${group} ${keywords ?? ""}`, hint: `g ${letter}`, to: path,
      }),
    );
    return [...ofPages, ...actions, ...(more ?? [])];
  }, [pages, actions, more]);
}
