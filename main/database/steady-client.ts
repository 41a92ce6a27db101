import pg from "pg";

const ignore = (): void => {};

/**
 * A connection whose end never ends the process.
 *
 * An "error" event that nobody listens to is fatal in Node, and a connection in use may end at any time. Whoever is in
 * the middle of a query hears of it through that query. The listener stays also when a borrower (the job engine) clears
 * all listeners before giving the connection back.
 */
export class SteadyClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on("error", ignore);
  }

  override removeAllListeners(eventName?: string | symbol): this {
    if (eventName === undefined) super.removeAllListeners();
    else super.removeAllListeners(eventName);
    if (eventName === undefined || eventName === "error") this.on("error", ignore);
    return this;
  }
}
