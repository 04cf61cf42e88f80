// Two networks behind one router, an office and the world outside, in namespaces that are made here and removed; hosts move between them.

import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { CHROMIUM } from "./browser.mjs";

const ip = async (...args) => promisify(execFile)("ip", args);
const GATEWAYS = { office: "192.168.1.254", public: "133.134.10.254" };
/** Of the router in the office: by it the place is known. */
export const OFFICE_GATEWAY = "02:00:00:00:01:fe";

export class Network {
  /** With `hosts`, each in no network yet. */
  static async make(...hosts) {
    const network = new Network();
    network.tag = `svw${process.pid}`;
    network.spaces = [];
    network.dir = await mkdtemp(path.join(tmpdir(), "sottovoce-net-"));
    const router = await network.space("router");
    await ip("netns", "exec", router, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward");
    for (const [name, address] of Object.entries(GATEWAYS)) {
      await ip("-n", router, "link", "add", name, ...(name === "office" ? ["address", OFFICE_GATEWAY] : []), "type", "bridge");
      await ip("-n", router, "addr", "add", `${address}/24`, "dev", name);
      await ip("-n", router, "link", "set", name, "up");
    }
    for (const host of hosts) await ip("link", "add", "eth0", "netns", await network.space(host), "type", "veth", "peer", "name", host, "netns", router);
    return network;
  }

  async space(name) {
    const space = `${this.tag}-${name}`;
    await ip("netns", "add", space);
    this.spaces.push(space);
    // An IPv6 address that comes up later is a change of networks, at which Chromium drops what it is loading.
    await ip("netns", "exec", space, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6");
    await ip("-n", space, "link", "set", "lo", "up");
    return space;
  }

  /** What it had before is gone. */
  async plug(host, network, address) {
    const [router, space] = ["router", host].map((name) => `${this.tag}-${name}`);
    await ip("-n", space, "addr", "flush", "dev", "eth0");
    await ip("-n", router, "link", "set", host, "master", network, "up");
    await ip("-n", space, "link", "set", "eth0", "up");
    await ip("-n", space, "addr", "add", `${address}/24`, "dev", "eth0");
    await ip("-n", space, "route", "replace", "default", "via", GATEWAYS[network]);
    return { address, enter: ["ip", "netns", "exec", space] };
  }

  /** A Chromium for `host`. */
  async chromium(host) {
    const file = path.join(this.dir, `chromium-${host}`);
    await writeFile(file, `#!/bin/sh\nexec ip netns exec ${this.tag}-${host} ${CHROMIUM} "$@"\n`);
    await chmod(file, 0o700);
    return file;
  }

  async remove() {
    for (const space of this.spaces) await ip("netns", "del", space).catch(() => {});
    await rm(this.dir, { recursive: true, force: true });
  }
}
