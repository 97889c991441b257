/* Reads a column's number and a text, each on a line, and prints the code of the text. */
#include <stdio.h>
#include <stdlib.h>

#include "net.h"

int main(void)
{
    char text[100];
    while (fgets(text, sizeof text, stdin) != NULL) {
        const int column = atoi(text);
        if (fgets(text, sizeof text, stdin) == NULL)
            return 1;
        text[strcspn(text, "\n")] = '\0';
        printf("%g\n", net_level(column, text));
    }
    printf("%g\n", net_level(0, NULL));
    return 0;
}
