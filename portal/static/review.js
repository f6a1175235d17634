/* 审核加入申请 with the keyboard: 1 2 3 tick, Enter approves, R goes to the reason, arrows go on. */
(function () {
  'use strict';
  document.addEventListener('keydown', function (event) {
    var tag = event.target.tagName;
    if (event.ctrlKey || event.altKey || event.metaKey || tag === 'TEXTAREA' || tag === 'SELECT' || tag === 'A' || tag === 'BUTTON') { return; }
    var ticks = document.querySelectorAll('[data-tick]');
    var place = Number(event.key);
    if (place >= 1 && place <= ticks.length) {
      ticks[place - 1].checked = !ticks[place - 1].checked;
      ticks[place - 1].focus();
    } else if (event.key === 'Enter' && ticks.length) {
      document.querySelector('#approve button').click();
    } else if ((event.key === 'r' || event.key === 'R') && ticks.length) {
      document.getElementById('reason').focus();
    } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      var link = document.getElementById(event.key === 'ArrowLeft' ? 'previous' : 'next');
      if (!link) { return; }
      link.click();
    } else {
      return;
    }
    event.preventDefault();
  });
}());
