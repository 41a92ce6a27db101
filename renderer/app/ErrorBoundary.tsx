import { Box } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { Failure } from "./Failure.tsx";

/** A bug in one screen says so in its place and leaves the rest of the window usable. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Box p="md" maw={720}>
        <Failure error={this.state.error} onRetry={() => this.setState({ error: null })} />
      </Box>
    );
  }
}
