// Which microphone and loudspeaker the operator chose on this computer. Device ids are the browser's own, made for this
// site alone; nothing here is a secret.

export interface AudioDevice {
  id: string;
  label: string;
}

export type DeviceKind = "microphone" | "speaker";

function key(kind: DeviceKind): string {
  return `hotline.${kind}`;
}

/** The remembered choice; `null` is the system's default. */
export function chosenDevice(kind: DeviceKind): AudioDevice | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key(kind)) ?? "null");
    if (typeof stored !== "object" || stored === null) return null;
    const { id, label } = stored as Partial<Record<keyof AudioDevice, unknown>>;
    return typeof id === "string" && id !== "" && typeof label === "string" ? { id, label } : null;
  } catch {
    return null; // somebody else wrote there, or storage is forbidden: the default is never wrong
  }
}

export function rememberDevice(kind: DeviceKind, device: AudioDevice | null): void {
  if (device === null) localStorage.removeItem(key(kind));
  else localStorage.setItem(key(kind), JSON.stringify(device));
}

/** The devices of a kind that are connected now, without the browser's alias for the default one. */
export function listDevices(kind: DeviceKind, devices: readonly MediaDeviceInfo[]): AudioDevice[] {
  const wanted = kind === "microphone" ? "audioinput" : "audiooutput";
  return devices
    .filter((device) => device.kind === wanted)
    .filter(({ deviceId }) => deviceId !== "" && deviceId !== "default" && deviceId !== "communications")
    .map(({ deviceId, label }) => ({ id: deviceId, label: label || deviceId }));
}
