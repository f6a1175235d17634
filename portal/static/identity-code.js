/* 身份码: counts the seconds down and asks for the next code, while somebody looks at it. ES5. */
(function () {
  'use strict';
  var EARLY = 20; // seconds before its end a code is renewed: one that is just being scanned stays good
  var RENEWALS = 5; // by itself; then the page has been left lying and its sign-in may end
  var AGAIN = 5; // seconds until it is tried again when the line is lost
  var renewed = 0;
  var code, ends, asked;

  function part(name) { return code.querySelector('.' + name); }

  function take() {
    code = document.getElementById('code');
    if (!code) { return; }
    ends = Date.now() + 1000 * parseInt(code.getAttribute('data-seconds'), 10);
    asked = 0;
    tick();
  }

  function two(number) { return (number < 10 ? '0' : '') + number; }

  function tick() {
    if (!code) { return; }
    var left = Math.ceil((ends - Date.now()) / 1000);
    var over = left <= 0;
    var ended = renewed >= RENEWALS;
    part('code-left').textContent = over ? '' : '，还剩 ' + Math.floor(left / 60) + ':' + two(left % 60);
    code.classList.toggle('is-over', over);
    part('code-over').hidden = !over;
    part('code-stopped').hidden = !(over && ended);
    if (left > EARLY || ended || document.hidden || Date.now() < asked) { return; }
    asked = Date.now() + 1000 * AGAIN;
    window.htmx.trigger(code, 'renew');
  }

  document.addEventListener('htmx:afterSwap', function () {
    if (document.getElementById('code') !== code) {
      renewed += 1;
      take();
    }
  });
  document.addEventListener('htmx:beforeSwap', function (event) {
    // Signed out since: loading the page anew leads to where one signs in, and back.
    if (event.target === code && event.detail.xhr.status === 401) { window.location.reload(); }
  });
  document.addEventListener('visibilitychange', function () {
    if (document.hidden || !code) { return; }
    renewed = 0; // somebody looks again
    tick();
  });
  take();
  window.setInterval(tick, 1000);
})();
