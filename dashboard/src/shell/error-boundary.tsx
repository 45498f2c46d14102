// Replaces a page that failed, usually because an upgrade removed files that the page still had to load.
import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import classes from "./error-boundary.module.css";

interface ErrorBoundaryState {
  error: Error | null;
}

/** Renders its children until one of them throws, and then an error with a button to reload. A new `key` resets the boundary. */
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
          Outrigger may have been upgraded since you opened this page. Reload the page to get the current version.
        </p>
        <p>
          <code>{error.message}</code>
        </p>
        <Button onClick={() => window.location.reload()}>Reload</Button>
      </div>
    );
  }
}
