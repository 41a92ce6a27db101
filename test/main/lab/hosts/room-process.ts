/** A machine room in a process of its own, to be killed: powers on the host given as JSON and says so. */
import { openCa } from "../../../../main/lab/hosts/ca.ts";
import { createMachineRoom } from "../../../../main/lab/hosts/index.ts";
import type { HostSpec } from "../../../../main/lab/types.ts";

const { folder, ports, spec } = JSON.parse(process.argv[2] ?? "") as {
  folder: string;
  ports: { ssh: number; https: number; http: number };
  spec: Omit<HostSpec, "allows">;
};
const ca = await openCa(`${folder}/ca`);
const room = createMachineRoom({ folder, ca, ports, ordersPerMinute: 3_000, log: (line) => console.error(line) });
await room.powerOn({ ...spec, allows: () => true });
console.log("ready");
