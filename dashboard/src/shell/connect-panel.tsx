// The panel “Connect an application”: examples with this server's URLs, one section per capability.
import { Drawer } from "@mantine/core";
import { Suspense } from "react";
import { Link } from "wouter";
import { server } from "../api/client";
import { may } from "../api/scopes";
import { useMe } from "../api/session";
import { useVisiblePages } from "../pages";
import { Code } from "../parts/code";
import { Quiet } from "../parts/quiet";
import classes from "./connect-panel.module.css";

interface ConnectPanelProps {
  opened: boolean;
  onClose: () => void;
}

export function ConnectPanel({ opened, onClose }: ConnectPanelProps) {
  const pages = useVisiblePages();
  const mayCreateTokens = may(useMe(), "access:write");
  return (
    <Drawer.Root opened={opened} onClose={onClose} position="right" size="min(560px, 100vw)">
      <Drawer.Overlay />
      <Drawer.Content>
        <div className={classes.head}>
          <Drawer.Title className={classes.title}>Connect an application</Drawer.Title>
          <Drawer.CloseButton aria-label="Close" />
        </div>
        <Drawer.Body className={classes.body}>
          <Suspense fallback={<Quiet />}>
            {pages.map(({ path, Connect }) => Connect !== undefined && <Connect key={path} />)}
          </Suspense>
          <section className={classes.section}>
            <h3>HTTP API</h3>
            <p>
              Send an API token with each request; the status needs the scope <code>server:read</code>.{" "}
              {mayCreateTokens ? (
                <Link href="/access?tab=tokens&new=token" onClick={onClose}>
                  Create a token
                </Link>
              ) : (
                "Ask an administrator for a token."
              )}
            </p>
            <Code label="Read the status" samples={[{ language: "shell", label: "curl", code: `curl -H "Authorization: Bearer $OUTRIGGER_TOKEN" \\\n  ${server}/api/v1/status` }]} />
          </section>
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
