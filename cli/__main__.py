from clipseek.cli.main import main

main()
