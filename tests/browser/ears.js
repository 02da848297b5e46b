// Injected into every page of the browser tests before its own scripts: remembers the page's peer connections, so that
// a test can listen to what the operator hears, and lets the far end hear tones of the microphone for as long as they last.
(() => {
  const connections = [];
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      connections.push(this);
    }
  };

  const meters = new WeakMap();

  function meter(track) {
    const known = meters.get(track);
    if (known) return known;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const made = { context, analyser, bins: new Float32Array(analyser.frequencyBinCount) };
    meters.set(track, made);
    return made;
  }

  // The loudest frequency (Hz) and its level (dB) in the sound that arrives now; null while nothing is connected.
  window.earsHear = () => {
    const live = connections.filter((pc) => pc.connectionState === "connected");
    const receiver = live.at(-1)?.getReceivers().find((r) => r.track?.kind === "audio");
    if (!receiver) return null;
    const { context, analyser, bins } = meter(receiver.track);
    analyser.getFloatFrequencyData(bins);
    let best = 0;
    for (let i = 1; i < bins.length; i += 1) if (bins[i] > bins[best]) best = i;
    return { hz: (best * context.sampleRate) / analyser.fftSize, db: bins[best] };
  };

  // Seconds of sound that have come and were played so far, without what had to be made up: it counts on while the page
  // is frozen, and can be asked when it is not any more.
  window.earsPlayed = async () => {
    const live = connections.filter((pc) => pc.connectionState === "connected");
    const report = [...((await live.at(-1)?.getStats()) ?? new Map()).values()];
    const { totalSamplesDuration: played = 0, totalSamplesReceived: all = 0, concealedSamples: madeUp = 0 } =
      report.find(({ type, kind }) => type === "inbound-rtp" && kind === "audio") ?? {};
    return all ? played * (1 - madeUp / all) : 0;
  };

  // The name of the microphone track that is sent now.
  window.earsSend = () => {
    const live = connections.filter((pc) => pc.connectionState === "connected");
    return live.at(-1)?.getSenders().find((s) => s.track?.kind === "audio")?.track.id ?? null;
  };

  window.earsHearTone = (hz, tolerance) => {
    const sound = window.earsHear();
    return sound !== null && sound.db > -70 && Math.abs(sound.hz - hz) <= tolerance ? sound : false;
  };

  // A microphone without echo cancellation and noise suppression: those learn within seconds that a repeated tone is
  // no voice, and nobody would be heard any more.
  const devices = navigator.mediaDevices;
  if (devices) {
    const open = devices.getUserMedia.bind(devices);
    const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    devices.getUserMedia = ({ audio, ...others }) => {
      const wanted = typeof audio === "object" ? audio : {};
      return open({ ...others, audio: audio ? { ...wanted, ...raw } : false });
    };
  }
})();
