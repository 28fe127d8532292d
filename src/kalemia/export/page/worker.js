/* Keeps the page for when there is no network; it asks for nothing but the page's own files. */
const FILES = ["./", "index.html", "kalemia.webmanifest", "kalemia.svg"], KEPT = "kalemia-{digest}";

self.addEventListener("install", (event) => event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES))));
self.addEventListener("activate", (event) => event.waitUntil(caches.keys().then((names) =>
  Promise.all(names.filter((name) => name.startsWith("kalemia-") && name !== KEPT).map((name) => caches.delete(name))))));
self.addEventListener("fetch", (event) => event.respondWith(caches.match(event.request, { ignoreSearch: true }).then((kept) => kept ?? fetch(event.request))));
