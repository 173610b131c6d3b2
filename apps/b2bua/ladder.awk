# SPDX-License-Identifier: MIT
# Draws the message trace of peal-b2bua as a ladder: caller | peal-b2bua | callee, one line a message.
#   awk -v caller=PORT -v callee=PORT -f ladder.awk TRACE
# A message starts with "TIME THREAD M transport …: received|sent UDP FROM -> TO, N bytes"; the message
# itself follows, its first line being the start line.

function port_of(address)
{
    sub(/.*:/, "", address)
    return address + 0
}

function dashes(n,    text)
{
    text = ""
    while (n-- > 0)
        text = text "-"
    return text
}

# An arrow of 26 columns between two bars with its label in the middle.
function arrow(label, to_right,    room, left)
{
    room = 25 - length(label)
    left = int(room / 2)
    if (to_right)
        return "|" dashes(left) " " label " " dashes(room - left - 2) ">|"
    return "|<" dashes(left - 1) " " label " " dashes(room - left - 1) "|"
}

function meaning(    what)
{
    if (method == "INVITE" && !status)
        what = "asks for a call"
    else if (status == 100)
        what = "it is being worked on: stop repeating"
    else if (method == "INVITE" && status < 200)
        what = "the telephone rings"
    else if (method == "INVITE" && status < 300)
        what = "the call is accepted"
    else if (method == "ACK")
        what = "got it: the call is up"
    else if (method == "BYE" && !status)
        what = "hangs up"
    else if (method == "BYE" && status == 200)
        what = "and the call is over"
    else if (status >= 300)
        what = "refused: " phrase
    else
        what = method " " phrase
    return what (sdp ? ", with a session description" : "")
}

function draw(    label, line, gap)
{
    if (!open)
        return
    open = 0
    label = status ? status " " phrase : method
    gap = "|                          "
    if (peer == caller)
        line = arrow(label, !sent) "                          |"
    else if (peer == callee)
        line = gap arrow(label, sent)
    else
        return
    if (start == "")
        start = time
    printf "%7.1f ms  %s  %s\n", (time - start) * 1000, line, meaning()
}

BEGIN {
    printf "%12scaller%18speal-b2bua%18scallee\n", "", "", ""
}

/ (received|sent) UDP .* -> .* bytes/ {
    draw()
    sent = / sent UDP /
    text = $0
    sub(/.* UDP /, "", text)
    split(text, part, / -> |, /)
    peer = port_of(sent ? part[2] : part[1])
    time = $1
    want = 1
    next
}

want {
    sub(/\r$/, "")
    want = sdp = 0
    open = 1
    status = 0
    method = $1
    if ($1 == "SIP/2.0") {
        status = $2
        phrase = $0
        sub(/^[^ ]* [^ ]* */, "", phrase)
    }
    next
}

open && /^CSeq:/ {
    sub(/\r$/, "")
    method = $3
}

open && /^Content-Type: *application\/sdp/ {
    sdp = 1
}

END {
    draw()
}
