"""What the hotline says to citizens: Russian texts, spoken once by a speech synthesiser, kept as telephone-quality WAV.

An organisation puts recordings of its own under the same names into ``asterisk_config/prompts/<language>/`` (16-bit
mono 8 kHz WAV); those win.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hotline.errors import Unavailable
from hotline.stand.asterisk_root import AsteriskRoot, cache_dir
from hotline.stand.tones import telephone_samples, write_wav

OWN_RECORDINGS = Path(__file__).parents[2] / "asterisk_config" / "prompts"
VOICE = ("-v", "ru", "-s", "140", "-p", "45", "-a", "120")

TEXTS = {
    "greeting": (
        "Здравствуйте! Вы позвонили на горячую линию по вопросам обязательного медицинского страхования. "
        "Разговор записывается. Пожалуйста, дождитесь ответа оператора."
    ),
    "please-wait": "Пожалуйста, оставайтесь на линии. Оператор ответит вам, как только освободится.",
    "connection-lost": "Подождите, пожалуйста, связь восстанавливается.",
    "out-of-hours": "Здравствуйте! Вы позвонили на горячую линию в нерабочее время. Разговор записывается.",
    "all-busy": "К сожалению, сейчас все операторы заняты.",
    "leave-message": (
        "Оставьте, пожалуйста, сообщение после сигнала. Назовите фамилию, имя, отчество, номер телефона и ваш вопрос. "
        "Мы вам перезвоним."
    ),
    "callback-offer": "Если вы не хотите ждать, нажмите один. Мы перезвоним вам, и ваше место в очереди сохранится.",
    "callback-promise": "Мы перезвоним вам, когда подойдёт ваша очередь, по номеру",
    "callback-goodbye": "Всего доброго!",
    "rate-call": ("Оцените, пожалуйста, как вам помогли: нажмите цифру от одного до пяти, где пять означает отлично."),
    "rate-recommend": (
        "Насколько вероятно, что вы посоветуете нашу горячую линию близким? Нажмите число от нуля до десяти."
    ),
    "rate-thanks": "Спасибо за вашу оценку. Всего доброго!",
    "message-saved": "Спасибо, ваше сообщение записано. Всего доброго!",
}
"""Prompt name (``Playback(hotline/<name>)``) to text."""

DEMO_SPEECH = (
    "Здравствуйте! Меня зовут Анна Сергеевна Петрова. Я хочу узнать, как поменять страховую компанию "
    "и получить полис обязательного медицинского страхования."
)


def build_prompts(root: AsteriskRoot) -> Path:
    """Return a folder with ``<name>.wav`` for every prompt and ``demo-speech.wav``; spoken on the first call only.

    :raises Unavailable: the synthesiser failed.
    """
    texts = {**TEXTS, "demo-speech": DEMO_SPEECH}
    recordings = {path.stem: path for path in sorted((OWN_RECORDINGS / "ru").glob("*.wav"))}
    recipe = json.dumps([VOICE, texts, {name: _digest(path) for name, path in recordings.items()}], ensure_ascii=False)
    target = cache_dir() / f"prompts-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="prompts-", dir=target.parent))
    try:
        for name, text in texts.items():
            if name in recordings:
                write_wav(fresh / f"{name}.wav", telephone_samples(recordings[name]))
            else:
                speak(root, text, fresh / f"{name}.wav")
        fresh.chmod(0o755)
        fresh.rename(target)
    except OSError:  # another process was quicker: its folder is as good as ours
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def speak(root: AsteriskRoot, text: str, target: Path) -> None:
    """Synthesise Russian speech into a telephone-quality WAV file."""
    words, extra = root.espeak()
    with tempfile.NamedTemporaryFile(suffix=".wav") as raw:
        done = subprocess.run(  # noqa: S603 - fixed program, our own texts
            [*words, *VOICE, "-w", raw.name, text],
            env={**os.environ, **extra},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not Path(raw.name).stat().st_size:
            raise Unavailable(f"speech synthesis failed: {done.stderr.strip()}", error_id="no-speech")
        write_wav(target, telephone_samples(Path(raw.name)))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
