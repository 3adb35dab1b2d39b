"""The console: pages for people, at ``/``, on the services that the API uses.

Pages are made here and work without scripts. A script of ours keeps what is shown up to date. There
is no inline script or style, and nothing is loaded from elsewhere.

    session      who is signed in: a sealed cookie, and what protects forms
    room         puts the pages into the application; errors as pages
    pages/       one module for each place of the console
    show         how moments, durations and numbers are written
    wording      why things are as they are, in sentences
    attempts     the attempts of an occurrence, drawn on one axis
    curl         a request as a line for a shell
    charts       drawings, as numbers for templates
    agenda       what happened and is planned, by day
    load_chart   the drawings of a forecast
    history      entries of the audit log, as they are shown
    forms        the form of an event, read and filled in
"""
