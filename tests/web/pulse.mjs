// A sound server that only one test knows: a loudspeaker, and a microphone that hears it.

import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const MODULES = [
  'module-null-sink sink_name=ear rate=48000 channels=1 norewinds=1 sink_properties=device.description="Headset"',
  'module-remap-source master=ear.monitor source_name=mouth source_properties=device.description="Microphone"',
];

export class Pulse {
  /** Null where there is none. */
  static async start() {
    if (spawnSync("pulseaudio", ["--version"]).status !== 0) return null;
    const server = new Pulse();
    server.dir = await mkdtemp(path.join(tmpdir(), "sottovoce-pulse-"));
    const socket = path.join(server.dir, "native");
    server.address = `unix:${socket}`;
    const loads = [`module-native-protocol-unix auth-anonymous=1 socket=${socket}`, ...MODULES].flatMap((module) => ["-L", module]);
    const env = { ...process.env, HOME: server.dir, XDG_RUNTIME_DIR: server.dir, PULSE_RUNTIME_PATH: server.dir };
    server.daemon = spawn("pulseaudio", ["-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", ...loads], { env, stdio: "ignore" });
    while (!existsSync(socket)) {
      if (server.daemon.exitCode !== null) throw new Error(`pulseaudio ended with ${server.daemon.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return server;
  }

  async stop() {
    const gone = new Promise((resolve) => this.daemon.once("exit", resolve));
    this.daemon.kill("SIGKILL");
    await gone;
    await rm(this.dir, { recursive: true, force: true });
  }
}
