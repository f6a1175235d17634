/* 拍照合成: pictures are sent one after the other, so that a lost line loses only the one under way;
   the order is kept on the server as it changes. 压缩: the file is sent with its progress. And buttons
   that take long say so. ES5. */
(function () {
  'use strict';
  var MIB = 1024 * 1024;
  var MAX_BYTES = 20 * MIB; // of a picture
  var MAX_COMPRESSED = 100 * MIB;
  function at(id) { return document.getElementById(id); }

  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    if (text) { element.textContent = text; }
    return element;
  }

  /* ---- buttons that take long ---- */

  document.addEventListener('submit', function (event) {
    var button = event.target.querySelector('[data-waiting]');
    if (!button || event.defaultPrevented) { return; }
    button.setAttribute('data-words', button.textContent);
    button.textContent = button.getAttribute('data-waiting');
    button.classList.add('is-waiting');
  });
  window.addEventListener('pageshow', function () { // come back to with 返回
    var waiting = document.querySelectorAll('.is-waiting');
    for (var i = 0; i < waiting.length; i++) {
      waiting[i].textContent = waiting[i].getAttribute('data-words');
      waiting[i].classList.remove('is-waiting');
    }
  });

  /* ---- a file under way, in a row with its progress ---- */

  var queue = at('queue');

  function rowFor(file) {
    var row = make('li', 'sending');
    row.appendChild(make('span', 'sending-name', file.name));
    queue.appendChild(row);
    return row;
  }

  function words(row, className, text) {
    while (row.childNodes.length > 1) { row.removeChild(row.lastChild); }
    row.className = className;
    if (text) { row.appendChild(make('span', 'sending-words', text)); }
  }

  function button(row, text, act) {
    var made = make('button', 'link-button', text);
    made.type = 'button';
    made.onclick = act;
    row.appendChild(made);
    return made;
  }

  function remove(row) { if (row.parentNode) { row.parentNode.removeChild(row); } }

  function complain(row, text) {
    words(row, 'sending cell-error', text);
    row.setAttribute('role', 'alert');
  }

  // Sends a form with one file; `then` has answered, lost and cancelled.
  function sendFile(form, field, file, row, received, then) {
    var request = new XMLHttpRequest(), body = new FormData();
    var bar = make('progress'), state = make('span', 'sending-words', '');
    body.append('csrf_token', form.elements.csrf_token.value);
    body.append(field, file);
    row.removeAttribute('role');
    words(row, 'sending', '');
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute('aria-label', '上传 ' + file.name);
    row.appendChild(bar);
    row.appendChild(state);
    var cancel = button(row, '取消', function () { request.abort(); });
    request.upload.onprogress = function (event) {
      if (!event.lengthComputable) { return; }
      if (event.loaded >= event.total) {
        bar.removeAttribute('value');
        state.textContent = received;
        cancel.hidden = true;
        return;
      }
      bar.value = event.loaded * 100 / event.total;
      state.textContent = Math.floor(bar.value) + '% · ' + (event.loaded / MIB).toFixed(1) + ' / ' + (event.total / MIB).toFixed(1) + 'M';
    };
    request.onload = function () { then.answered(request); };
    request.onerror = then.lost;
    request.onabort = then.cancelled;
    request.open('POST', form.action);
    request.setRequestHeader('HX-Request', 'true');
    request.setRequestHeader('HX-Current-URL', location.href);
    request.send(body);
  }

  // Not signed in any more, no room, a fault: said above, as on every page.
  function tellAbove(request) {
    at('messages').innerHTML = request.responseText;
    window.scrollTo(0, 0);
  }

  /* ---- a scan over 15 M ---- */

  var large = at('compress');
  if (large) {
    large.addEventListener('submit', function (event) {
      event.preventDefault();
      var file = large.elements.file.files[0], submit = large.querySelector('button');
      queue.textContent = '';
      var row = rowFor(file);
      if (file.size > MAX_COMPRESSED) {
        complain(row, '有 ' + (Math.ceil(file.size * 10 / MIB) / 10).toFixed(1) + 'M，超过 100M，不能在这里压缩。' +
          '请把扫描分辨率调到 200 dpi 或改为灰度，重新生成后再上传。');
        return;
      }
      submit.disabled = true;
      sendFile(large, 'file', file, row, '正在压缩，约需 1 分钟…', {
        answered: function (request) {
          submit.disabled = false;
          var answer = make('div');
          if (request.getResponseHeader('HX-Redirect')) {
            location.replace(request.getResponseHeader('HX-Redirect'));
            return;
          }
          answer.innerHTML = request.responseText;
          var refused = answer.querySelector('.cell-error');
          if (!refused) { tellAbove(request); }
          complain(row, refused ? refused.textContent : '没有压缩。');
        },
        lost: function () {
          submit.disabled = false;
          complain(row, '上传中断，文件没有保存，原来的没有变动。请再点一次“压缩”。');
        },
        cancelled: function () {
          submit.disabled = false;
          words(row, 'sending', '已取消，没有上传。');
        }
      });
    });
    return;
  }

  /* ---- one picture after the other ---- */

  var form = at('add');
  var said = at('said'), photos = at('photos'), save = at('save'), made = at('made');
  var sheet = photos.querySelector('.page-sheet');
  var joinButton = save.querySelector('button');
  var waiting = []; // {file, row}
  var current = null; // the one under way
  var chosen = 0, came = 0;

  function take(files) {
    if (!current && !waiting.length) { chosen = came = 0; }
    for (var i = 0; i < files.length; i++) {
      var row = rowFor(files[i]);
      chosen += 1;
      if (files[i].size === 0 || files[i].size > MAX_BYTES) {
        refuse(row, files[i].size ? '有 ' + (Math.ceil(files[i].size * 10 / MIB) / 10).toFixed(1) +
          'M，超过 20M。请用相机的普通模式重新拍这一页。' : '是空的（0 字节）。请重新选择或重新拍。');
        chosen -= 1;
        continue;
      }
      words(row, 'sending', '等待');
      waiting.push({ file: files[i], row: row });
    }
    next();
  }

  function refuse(row, text) {
    complain(row, text);
    button(row, '知道了', function () { remove(row); form.elements.pictures.focus(); });
  }

  function next() {
    joinButton.disabled = !!current || waiting.length > 0;
    if (current || !waiting.length) { return; }
    current = waiting.shift();
    joinButton.disabled = true;
    send(current);
  }

  function send(one) {
    sendFile(form, 'pictures', one.file, one.row, '正在处理…', {
      answered: function (request) { answered(one, request); },
      lost: function () { stopped(one, '传送中断，这一张没有添加，已添加的没有变动。'); },
      cancelled: function () { giveUp(one); }
    });
  }

  function giveUp(one) {
    remove(one.row);
    chosen -= 1;
    current = null;
    next();
  }

  function answered(one, request) {
    var answer = make('div');
    answer.innerHTML = request.responseText;
    if (request.status !== 200) { // for all that follow, too
      tellAbove(request);
      stopped(one, '没有添加。');
      return;
    }
    current = null;
    at('messages').textContent = '';
    var cards = answer.querySelectorAll('.sheet-card'), refused = answer.querySelector('.refused');
    for (var i = 0; i < cards.length; i++) { sheet.appendChild(cards[i]); }
    if (cards.length) {
      photos.hidden = false;
      came += 1;
      said.textContent = '已添加 ' + came + ' 张，共选了 ' + chosen + ' 张';
      sheet.dispatchEvent(new CustomEvent('sheet:changed'));
    }
    if (refused) { refuse(one.row, refused.textContent); } else { remove(one.row); }
    next();
  }

  function stopped(one, text) {
    complain(one.row, text);
    var again = button(one.row, '重试', function () { retry(one); });
    button(one.row, '不要了', function () { giveUp(one); });
    one.stopped = true;
    again.focus();
  }

  function retry(one) {
    if (!one || !one.stopped) { return; }
    one.stopped = false;
    send(one);
  }

  window.addEventListener('online', function () { retry(current); });
  window.addEventListener('beforeunload', function (event) {
    if (current || waiting.length) {
      event.preventDefault();
      event.returnValue = '';
    }
  });
  form.elements.pictures.addEventListener('change', function () {
    var files = [].slice.call(this.files);
    form.reset();
    take(files);
  });
  form.addEventListener('submit', function (event) { event.preventDefault(); });
  document.addEventListener('drop', function (event) {
    if (event.dataTransfer && event.dataTransfer.files.length) { take(event.dataTransfer.files); }
  });

  /* ---- the order is kept, and what was made of another one is old ---- */

  var told = save.elements.pages.value, timer = null;

  function tell() {
    timer = null;
    var request = new XMLHttpRequest();
    told = save.elements.pages.value;
    request.open('POST', save.getAttribute('data-kept'));
    request.setRequestHeader('HX-Request', 'true');
    request.send(new FormData(save));
  }

  sheet.addEventListener('sheet:arranged', function (event) {
    if (made) { made.classList.toggle('is-old', made.getAttribute('data-of') !== event.detail); }
    window.clearTimeout(timer);
    timer = event.detail === told ? null : window.setTimeout(tell, 600);
  });
  window.addEventListener('pagehide', function () {
    if (timer) { navigator.sendBeacon(save.getAttribute('data-kept'), new FormData(save)); }
  });
}());
