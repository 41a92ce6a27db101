import { Kbd } from "@mantine/core";
import { Fragment } from "react";

/** Keys as caps: `["Ctrl", "K"]` pressed together, `["g", "f"]` with `then` one after the other. */
export function KeyHint({ keys, then }: { readonly keys: readonly string[]; readonly then?: string }) {
  return (
    <span style={{ whiteSpace: "nowrap" }}>
      {keys.map((key, index) => (
        <Fragment key={key}>
          {index > 0 && (then ? ` ${then} ` : " + ")}
          <Kbd size="xs">{key}</Kbd>
        </Fragment>
      ))}
    </span>
  );
}
