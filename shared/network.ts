import { z } from "zod";

/** An IPv4 network as a security group takes it: "203.0.113.0/24". */
export const Cidr = z.cidrv4({ error: "is no network like 203.0.113.0/24" });
