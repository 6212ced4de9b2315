//! The page's texts in its readers' two languages.

mod destination;
mod diagnosis;
mod language;
mod reason;
mod status;

/// Defines each text by its name, in English and in Spanish.
macro_rules! words {
    ($($name:ident: $english:literal, $spanish:literal;)*) => {
        /// The texts in one language.
        pub(super) struct Words {
            $(pub(super) $name: &'static str,)*
        }

        const EN: Words = Words { $($name: $english,)* };
        const ES: Words = Words { $($name: $spanish,)* };
    };
}

words! {
    lang: "en", "es";
    other_lang: "es", "en";
    other_name: "Español", "English";
    events: "Events", "Eventos";
    dead_letters: "Dead letters", "Mensajes fallidos";
    quarantine: "Quarantine", "Cuarentena";
    local: "local stack", "entorno local";
    live: "live", "en vivo";
    not_live: "not connected", "sin conexión";
    start: "Overview", "Resumen";
    is_money_coming: "Is money coming in?", "¿Está entrando dinero?";
    money_comes: "Yes.", "Sí.";
    no_money: "Nothing in the last 24 hours.", "Nada en las últimas 24 horas.";
    last_delivery: "Last delivery", "Última entrega";
    per_hour: "Per hour", "Por hora";
    last_hour: "Last hour:", "Última hora:";
    last_day: "24 hours", "24 horas";
    is_anything_missing: "Is anything missing?", "¿Falta algo?";
    counting: "Counting…", "Contando…";
    nothing_missing: "Nothing is missing.", "No falta nada.";
    name_missing: "Yes: see which deliveries", "Sí: mira qué entregas";
    cannot_tell: "Nobody can tell: the log is not complete.", "No se puede saber: el log no está completo.";
    window: "last 2 hours without the last", "últimas 2 horas sin los últimos";
    until_then: "until", "hasta";
    accepted: "accepted", "entregas aceptadas:";
    with_duplicates: "with duplicates", "con duplicados";
    n_completed: "completed", "completada|completadas";
    n_waiting: "waiting", "en espera";
    n_rejected: "rejected", "rechazada|rechazadas";
    n_dead_lettered: "dead-lettered", "en mensajes fallidos";
    n_duplicates: "duplicate|duplicates", "duplicada|duplicadas";
    n_conflicts: "conflict|conflicts", "en conflicto";
    n_in_quarantine: "in quarantine", "en cuarentena";
    n_missing: "missing", "faltante|faltantes";
    n_tests: "test delivery apart|test deliveries apart", "entrega de prueba aparte|entregas de prueba aparte";
    counted_from: "Counted: deliveries received from", "Se contó lo recibido desde";
    younger:
        "The functions' log says what was accepted. Still on their way, and left out: deliveries of the last",
        "El log de las funciones dice lo que se aceptó. Aún en camino, y sin contar: las entregas de los últimos";
    what_is_missing:
        "Accepted, but in no record, not dead-lettered, and not in the event queue:",
        "Se aceptaron, pero no están en el registro, ni en los mensajes fallidos, ni en la cola de eventos:";
    some_are_queued:
        "Some of them may still be in the event queue, at most",
        "Algunas pueden estar aún en la cola de eventos, a lo sumo";
    more_missing: "There are more: acuse balance --json has them all.", "Hay más: acuse balance --json las tiene todas.";
    ask_again:
        "Look each one up in the functions' logs, and ask the provider to send it again.",
        "Busca cada una en los logs de las funciones y pide al proveedor que la envíe de nuevo.";
    without_record:
        "Without a record yet, and perhaps in the event queue:",
        "Aún sin registro, y quizás en la cola de eventos:";
    n_released: "Released from quarantine, and in the ledger:", "Liberadas de la cuarentena, y en el registro:";
    n_unlogged:
        "event in the ledger has no line in it.|events in the ledger have no line in it.",
        "evento del registro no tiene una línea en él.|eventos del registro no tienen una línea en él.";
    why_unlogged:
        "What was accepted before the log begins, while LogLevel was WARN, or was queued by hand, has none.",
        "No la tiene lo que se aceptó antes de que empiece el log o mientras LogLevel era WARN, ni lo que se encoló a mano.";
    other_window: "Any other time:", "Para otro período:";
    not_counted: "This could not be counted:", "No se pudo contar:";
    not_counted_watched:
        "The functions run under cargo lambda watch, so their log can't be read.",
        "Las funciones corren con cargo lambda watch, así que no se puede leer su log.";
    not_counted_level:
        "The log has no line of accepted deliveries: deploy with LogLevel=INFO.",
        "El log no tiene una línea por entrega aceptada: despliega con LogLevel=INFO.";
    not_counted_sampled:
        "The log tells only of a part of the accepted deliveries: deploy with SuccessLogPercent=100.",
        "El log solo habla de una parte de las entregas aceptadas: despliega con SuccessLogPercent=100.";
    could_not: "This could not be done.", "Esto no se pudo hacer.";
    details: "Details:", "Detalle técnico, en inglés:";
    no_such_page: "There is no such page.", "Esta página no existe.";
    not_understood:
        "This address or form can't be understood: a part of it is missing or wrong.",
        "No se entiende esta dirección o este formulario: algo falta o está mal escrito.";
    other_host:
        "The inspector only answers as 127.0.0.1 or localhost.",
        "El inspector solo responde como 127.0.0.1 o localhost.";
    other_site:
        "Refused: the request comes from another site's page. Type the address, or open it from your bookmarks.",
        "Rechazado: la solicitud viene de la página de otro sitio. Escribe la dirección o ábrela desde tus favoritos.";
    outdated_form:
        "Refused: the form is outdated or from another site. Reload the page.",
        "Rechazado: el formulario está desactualizado o es de otro sitio. Recarga la página.";
    too_many_pages:
        "Too many pages are open: close some of them.",
        "Hay demasiadas páginas abiertas: cierra algunas.";
    waiting: "Waiting", "En espera";
    in_quarantine: "In quarantine", "En cuarentena";
    destinations: "Destinations", "Destinos";
    state: "State", "Estado";
    oldest: "Oldest", "Más antiguo";
    open: "open", "abierto";
    recovering: "recovering", "recuperándose";
    closed: "closed: it fails", "cerrado: falla";
    paused: "paused", "en pausa";
    takes_any:
        "Test events reach hooks and destinations here, beside live ones (Environment=any).",
        "Aquí los eventos de prueba llegan a los hooks y destinos, junto a los reales (Environment=any).";
    takes_test:
        "This stack applies test events, and sets live ones aside (Environment=test).",
        "Este stack aplica los eventos de prueba y aparta los reales (Environment=test).";
    one_new: "{n} new event", "{n} evento nuevo";
    many_new: "{n} new events", "{n} eventos nuevos";
    search_hint: "order, id, amount day", "pedido, id, monto día";
    keyboard: "Keyboard", "Teclado";
    key_down: "next row", "fila siguiente";
    key_up: "previous row", "fila anterior";
    key_open: "open it", "abrirla";
    key_search: "search", "buscar";
    key_help: "this help", "esta ayuda";
    close: "Close", "Cerrar";
    copy: "Copy", "Copiar";
    copied: "Copied", "Copiado";
    not_copied: "Not copied: select it by hand", "No se copió: selecciónalo a mano";
    copy_payload: "Copy payload", "Copiar contenido";
    copy_curl: "Copy curl to your backend, unsigned", "Copiar curl a tu backend, sin firma";
    copy_show: "Copy acuse events show", "Copiar acuse events show";
    copy_replay: "Copy acuse events replay", "Copiar acuse events replay";
    choose: "Choose", "Elegir";
    choose_all: "all shown", "todos los que se ven";
    redrive_chosen: "Redrive chosen", "Reprocesar elegidos";
    release_chosen: "Release chosen", "Liberar elegidas";
    none_chosen: "Nothing is chosen.", "No se eligió nada.";
    not_all: "Not everything was done", "No se hizo todo";
    until: "Until", "Hasta";
    pages: "Pages", "Páginas";
    newest: "Newest", "Los más recientes";
    older: "Older", "Anteriores";
    searched_to: "searched back to", "se buscó hasta";
    amount: "Amount", "Monto";
    key: "Key", "Clave";
    done: "Done", "Terminado";
    attempt: "try", "intento";
    of: "of", "de";
    next_at: "next at", "el próximo:";
    then_dead_lettered: "then dead-lettered", "después pasa a los mensajes fallidos";
    erased:
        "Erased: its payload and what else it had of a person are gone. Its key, hash, status and times stay, so that another delivery is still known.",
        "Borrado: su contenido y lo demás que tenía de una persona ya no existen. Quedan su clave, hash, estado y horas, para que otra entrega siga siendo conocida.";
    same_bytes:
        "Duplicates, byte for byte the same, which were dropped:",
        "Duplicados, idénticos byte a byte, que se descartaron:";
    differences: "Differences", "Diferencias";
    no_such_event:
        "The ledger has no event with this key. It may be older than the retention, or its delivery may still wait in the event queue. Look here too:",
        "El registro no tiene un evento con esta clave. Puede ser más antiguo que la retención, o su entrega puede estar aún en la cola de eventos. Busca también aquí:";
    delivery_in_quarantine: "Delivery in quarantine", "Entrega en cuarentena";
    not_applied:
        "What is in quarantine failed verification: nobody has proven who sent it, and it reached no hook.",
        "Lo que está en cuarentena no pasó la verificación: nadie ha probado quién lo envió, y no llegó a ningún hook.";
    not_proven: "not proven: anybody may have sent it", "sin probar: cualquiera pudo enviarlo";
    headers: "Headers", "Encabezados";
    looked_in:
        "Searched: keys, references, ids, delivery ids and webhook-ids in the ledger, the quarantine, the dead letters, and what was received until the time below.",
        "Se buscó en claves, referencias, ids, ids de entrega y webhook-ids del registro, en la cuarentena, en los mensajes fallidos y en lo recibido hasta la hora de abajo.";
    no_event: "The ledger has no event of it to show.", "El registro no tiene ningún evento de esto que mostrar.";
    more_found: "There are more with this reference.", "Hay más con esta referencia.";
    queues_not_searched:
        "The quarantine and the dead letters could not be searched:",
        "No se pudo buscar en la cuarentena ni en los mensajes fallidos:";
    not_in_hooks: "not applied, nobody has proven who sent it", "no se aplicó, y nadie ha probado quién la envió";
    dead_letter: "Dead letter", "Mensaje fallido";
    received_too_often:
        "received too often without success: the consumer failed as a whole",
        "se recibió demasiadas veces sin éxito: el consumidor falló por completo";
    unreadable: "unreadable", "ilegible";
    in_ledger: "also in the ledger:", "también está en el registro:";
    not_in_ledger: "not in the ledger", "no está en el registro";
    provider: "Provider", "Proveedor";
    account: "Account", "Cuenta";
    kind: "Type", "Tipo";
    status: "Status", "Estado";
    environment: "Environment", "Entorno";
    since: "Since", "Desde";
    search: "Search", "Buscar";
    all: "all", "todos";
    received: "Received", "Recibido";
    resource: "Resource", "Recurso";
    attempts: "Attempts", "Intentos";
    duplicates: "Duplicates", "Duplicados";
    error: "Error", "Error";
    nothing: "Nothing to show.", "No hay nada que mostrar.";
    more_queued: "There are more. To list all of them:", "Hay más. Para verlos todos:";
    bad_time:
        "This is not a valid time and was ignored (use 2h, 7d, 2026-11-20 in UTC, 2026-11-20T08:00:00-05:00):",
        "Esta hora no es válida y se ignoró (usa 2h, 7d, 2026-11-20 en UTC, 2026-11-20T08:00:00-05:00):";
    send: "Send", "Enviar";
    sample: "Send a sample", "Enviar un ejemplo";
    twice: "and a duplicate", "y un duplicado";
    broken: "with an invalid signature", "con una firma inválida";
    in_progress: "in progress", "en proceso";
    released: "retrying", "reintentando";
    completed: "completed", "completado";
    rejected: "rejected", "rechazado";
    conflict: "conflict", "conflicto";
    reconciled: "reconciled", "conciliado";
    confirmation: "confirms a reconciled event", "confirma un evento conciliado";
    delivering: "delivering", "entregando";
    given_up: "given up", "sin entregar";
    owed: "owed", "pendiente";
    delivered: "delivered", "entregado";
    skipped: "skipped: its filters leave it out, or it was removed", "omitido: sus filtros no lo incluyen, o se eliminó";
    destination: "destination", "destino";
    tries: "tries:", "intentos:";
    last_answer: "last answer", "última respuesta";
    next_try: "next try", "próximo intento";
    receivers_fault: "the receiver refuses it", "el receptor lo rechaza";
    timeline: "Timeline", "Cronología";
    verified: "verified, canonical form", "verificado, forma canónica";
    taken_in:
        "taken in by an operator with `acuse reconcile`: no signature vouches for it",
        "ingresado por un operador con `acuse reconcile`: ninguna firma lo respalda";
    claimed: "processing started, attempt", "procesamiento iniciado, intento";
    hook: "hook", "hook";
    happened: "Occurred, according to the provider", "Ocurrió, según el proveedor";
    operator: "operator", "operador";
    invalid_time: "The time that the provider signed is invalid", "La hora que firmó el proveedor no es válida";
    reference: "Reference", "Referencia";
    last_duplicate: "last duplicate; duplicates so far:", "último duplicado; duplicados hasta ahora:";
    payload: "Payload", "Contenido";
    as_sent: "numbers are shown exactly as sent", "los números se muestran tal como llegaron";
    life: "All events of this resource", "Todos los eventos de este recurso";
    delivery: "Delivery", "Entrega";
    reason: "Reason", "Motivo";
    in_registration: "answered 200, in a registration window", "se respondió 200, en una ventana de registro";
    diagnosis: "Diagnosis", "Diagnóstico";
    replay: "Replay", "Reprocesar";
    redrive: "Redrive", "Reprocesar";
    release: "Release", "Liberar";
    confirm: "Confirm", "Confirmar";
    will_replay:
        "This event is queued again, and hooks that have not completed are called:",
        "Este evento vuelve a la cola, y se llaman los hooks que no han terminado:";
    will_redrive:
        "This message moves from the dead-letter queue back to the event queue:",
        "Este mensaje vuelve a la cola de eventos y sale de los mensajes fallidos:";
    will_release:
        "This delivery is verified again. If it is valid, it is queued and leaves the quarantine:",
        "Esta entrega se verifica de nuevo. Si es válida, entra a la cola y sale de la cuarentena:";
    set_aside:
        "It was set aside on purpose (wrong environment or expired). Hooks will receive it now.",
        "Se apartó a propósito (entorno equivocado o vencido). Ahora llegará a los hooks.";
    of_other_environment:
        "Its environment is not the one that its account was bound to. Hooks receive it only if the account is bound to its environment now.",
        "Su entorno no es el que tenía asignado su cuenta. Los hooks lo reciben solo si la cuenta ya tiene asignado ese entorno.";
    yes: "Yes, continue", "Sí, continuar";
    no: "No, go back", "No, volver";
    not_found:
        "Not found: it is gone, or someone else is looking at it right now.",
        "No se encontró: ya no está, o alguien más lo está mirando en este momento.";
    conflicts: "Conflicts: the same event with different content", "Conflictos: el mismo evento con otro contenido";
    conflict_of: "The event that was received first", "El evento que se recibió primero";
    member: "Member", "Campo";
    event: "Event", "Evento";
    same_values:
        "The members and values are the same. Only white space, member order or escaping differs.",
        "Los campos y valores son los mismos. Solo cambian los espacios, el orden de los campos o los escapes.";
    not_comparable:
        "These can't be compared member by member: one is not JSON, or is no longer stored.",
        "No se pueden comparar campo por campo: uno no es JSON, o ya no está guardado.";
    dismiss: "Dismiss", "Descartar";
    will_let_through:
        "This conflict is queued, and hooks receive it as a separate event:",
        "Este conflicto entra a la cola, y los hooks lo reciben como un evento aparte:";
    will_dismiss:
        "Hooks never receive this conflict. The record keeps the reason:",
        "Los hooks nunca reciben este conflicto. El registro guarda el motivo:";
    decided_before:
        "It was already released or dismissed, or is no longer stored. Nothing was changed:",
        "Ya se había liberado o descartado, o ya no está guardado. No se cambió nada:";
}

/// `1 duplicate`, `2 duplicates`: the text has both, with a `|` between them.
pub(super) fn counted(count: usize, text: &str) -> String {
    let (one, many) = text.split_once('|').unwrap_or((text, text));
    format!("{count} {}", if count == 1 { one } else { many })
}
