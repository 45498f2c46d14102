// What stands in for a page that failed, as a rule because an upgrade took the files away that it still wanted to load.
import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import classes from "./error-boundary.module.css";

interface ErrorBoundaryState {
  error: Error | null;
}

/** Shows its children until one of them throws, and then how to go on. With another `key` it begins anew. */
export class ErrorBoundary extends Component<{ children: ReactNode }, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { error: null };

  static getDerivedStateFromError(error: unknown): ErrorBoundaryState {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) {
      return this.props.children;
    }
    return (
      <div className={classes.broken} role="alert">
        <h1>This page cannot be shown</h1>
        <p>
          Outrigger may have been upgraded since it was opened. Loading it again fetches what belongs to the version that runs
          now.
        </p>
        <p>
          <code>{error.message}</code>
        </p>
        <Button onClick={() => window.location.reload()}>Load again</Button>
      </div>
    );
  }
}
