import type { LinkPorts } from "./events-link";

/** The browser's side of {@link LinkPorts}: a WebSocket on the page's own origin. */
export function browserLinkPorts(path: string): LinkPorts {
  return {
    connect(listener) {
      const url = new URL(path, document.baseURI);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      const socket = new WebSocket(url);
      socket.addEventListener("open", () => listener.opened());
      socket.addEventListener("message", (event) => listener.received(String(event.data)));
      // An error is always followed by close; one signal is enough.
      socket.addEventListener("close", (event) => listener.closed(event.code));
      return {
        send: (text) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(text);
        },
        close: () => socket.close(),
      };
    },
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
  };
}
