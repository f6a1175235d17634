/* Keeps static files and the offline page. ES5, for Chromium 69. Everything else goes to the network
   and is never stored: pages hold personal data. */
'use strict';
var PREFIX = 'portal-static-';
var CACHE = PREFIX + '{{ version }}';
var OFFLINE = '/offline';
var KEPT = {{ kept|tojson }};

function keep(cache, address) {
  // Without cookies: what is kept is nobody's. Not out of the browser's own store: it may be old.
  return fetch(new Request(address, { credentials: 'omit', cache: 'reload' })).then(function (response) {
    if (response.status !== 200 || /no-store/.test(response.headers.get('Cache-Control') || '')) {
      throw new Error('not to be kept: ' + address);
    }
    return cache.put(address, response);
  });
}

self.addEventListener('install', function (event) {
  event.waitUntil(caches.open(CACHE).then(function (cache) {
    return Promise.all([OFFLINE].concat(KEPT).map(function (address) { return keep(cache, address); }));
  }).then(function () { return self.skipWaiting(); }));
});

self.addEventListener('activate', function (event) {
  event.waitUntil(caches.keys().then(function (names) {
    return Promise.all(names.filter(function (name) {
      return name.indexOf(PREFIX) === 0 && name !== CACHE;
    }).map(function (name) { return caches.delete(name); }));
  }).then(function () { return self.clients.claim(); }));
});

self.addEventListener('fetch', function (event) {
  var request = event.request;
  if (request.method !== 'GET') { return; }
  var address = new URL(request.url);
  if (address.origin !== self.location.origin) { return; }
  if (KEPT.indexOf(address.pathname) >= 0) { // the name has the content's hash: it is never old
    event.respondWith(caches.open(CACHE).then(function (cache) {
      return cache.match(address.pathname);
    }).then(function (found) { return found || fetch(request); }));
  } else if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(function () {
      return caches.open(CACHE).then(function (cache) { return cache.match(OFFLINE); }).then(function (found) {
        return found || Response.error();
      });
    }));
  }
});
